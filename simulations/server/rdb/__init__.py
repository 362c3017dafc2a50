"""The format of snapshots: values, payloads of DUMP and whole files, as each version writes and reads them."""

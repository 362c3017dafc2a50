"""The world of a simulated run: hosts, network, servers and clocks, and the order of everything in them."""

"""Who may do what: ACL users, their rules, passwords and permissions."""

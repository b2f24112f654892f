"""Who lives and who dies: the master, its children, what they may do."""

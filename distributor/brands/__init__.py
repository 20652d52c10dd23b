"""How a distributor's e-mails look: name, colour, logo, footer and reply address, with a preview of every mail."""

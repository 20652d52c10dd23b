"""How people come in and go: invitations, forgotten passwords, changes of address, members and their roles.

Every link that is mailed has 256 random bits, of which only the SHA-256 is kept; it is made when the mail goes out.
"""

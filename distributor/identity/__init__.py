"""People and what they may do: organizations, members, sign-in, tokens; ``acting`` says who acts on what."""

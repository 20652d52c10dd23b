"""Single sign-on by OpenID Connect: an organization's own identity provider vouches for its members, and nobody else.

`fetching` asks the provider and nobody else, `discovery` reads where it is asked what, `id_tokens` judges what it
answers, `operations` keeps an organization's settings, `signing_in` opens the door.
"""

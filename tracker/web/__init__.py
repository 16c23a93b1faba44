"""Pages for people, made on the server over the same use cases as the API.

Every page is complete without scripts. A route is a controller in `pages`, a template of the same
name, and its words in `texts`; what all pages share is beside this file.
"""

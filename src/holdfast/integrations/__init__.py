"""How an application that exists already serves a project's model under its own roof."""

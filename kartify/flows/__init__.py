"""The verbs: one a module. Edges call them; they write rows and ask the domain."""

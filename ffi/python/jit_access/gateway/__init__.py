"""Just-in-time access inside the ContextForge gateway.

What is here: the plugin (`plugin`), what it shares between its short-lived instances (`runtime`), and the ways a grant
reaches the gateway: through the permission hook (`plugin`), as native roles that expire (`mirror`), and, where an
operator opts in, around the permission service itself (`wrap`). `standing` tells the engine what administrators change
about the holders of grants. All that is read from the gateway's own modules passes through `host`; `settings` reads the
plugin's configuration and `reserved` holds what no grant may lift.

What is not here: any rule about who gets what for how long. That is the engine's.
"""

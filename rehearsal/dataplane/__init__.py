"""Where the rehearsal's traffic flows: visitors -> edge -> Heroku's router or a load balancer -> the app's processes.

Each of the four is a process of its own, so that nothing the API stand-ins do can look like downtime. They are steered
by whole tables (see :mod:`rehearsal.dataplane.channel`), and every byte between them goes over real sockets.
"""

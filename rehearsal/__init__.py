"""The rehearsal: a local world with live traffic in which the collection moves a real app.

Stand-ins for Heroku, AWS and Cloudflare share one process; the proxies, the visitors and the apps run in processes
of their own. Nothing here is imported by the collection, and nothing here imports from it.
"""

"""ECS on Fargate with real processes: its API, its service scheduler, and tasks that run as processes of the demo app.

ministack's own ECS is not used: what a migration has to prove here (rolling deployments, the circuit breaker, draining,
secrets by version, reasons for stops) is exactly what it simplifies. Texts, thresholds and orders of events follow the
Amazon ECS developer guide and answers of the real service; where this shortens times, ``tempo`` says so.
"""

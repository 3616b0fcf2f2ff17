"""Elastic Load Balancing with a data plane: what the API holds is what the balancer's process does.

moto answers the API; this package keeps the targets, steers the balancer by what the API says, and turns what the
balancer sees into target health and CloudWatch metrics.
"""

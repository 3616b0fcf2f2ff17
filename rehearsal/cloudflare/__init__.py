"""The Cloudflare stand-in: zones, DNS, load balancing and analytics, in front of a real edge proxy."""

from rehearsal.cloudflare.standin import CloudflareStandIn

__all__ = ["CloudflareStandIn"]

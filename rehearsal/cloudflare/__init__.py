"""The Cloudflare stand-in: zones, DNS, load balancing and analytics, in front of a real edge proxy.

What it is not: one data centre watches and serves (no steering by place, no check regions), DNS is not asked by
visitors (they always come to the edge, proxied or not), analytics are exact instead of sampled. What the edge cannot
do is refused with 501 (:mod:`rehearsal.cloudflare.unrehearsed`), and so is every route that is not there.
"""

from rehearsal.cloudflare.standin import CloudflareStandIn

__all__ = ["CloudflareStandIn"]

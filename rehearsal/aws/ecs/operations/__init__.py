"""The API's operations: each a function (ecs, request) -> answer that runs with the store's lock held."""

"""The routes, one module a resource, and the shapes that they read and write."""

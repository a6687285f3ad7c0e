"""The doors: partners' messages, the storefront's and the OMS's API, pages for browsers, health."""

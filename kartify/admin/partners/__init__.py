"""System » Accounts and Stores: what talks to gateways and OMSes, set up and looked after without the command line."""

"""Simulators of paid services: loopback servers that speak the real wire formats and fail on order.

Start at `providers.running_providers`; what they say and when is a `scenario.Scenario`, how they
fail a `faults.Fault`, what they delivered the `ledger.Ledger`.
"""

"""The built-in scenarios: small applications whose promises are judged."""

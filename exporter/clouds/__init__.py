"""How one talks to a cloud: signatures, tokens, and what its errors mean."""

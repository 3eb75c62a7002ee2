"""What must hold when processes die: drills with a ledger on the client's side."""

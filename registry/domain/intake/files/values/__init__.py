"""Values as people write them: amounts, days, telephones, labels, places and positions."""

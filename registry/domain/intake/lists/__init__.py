"""Files of everything beside resources: places, zones, rules, registers, contacts and stock; pure."""

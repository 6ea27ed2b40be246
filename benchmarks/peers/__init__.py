"""What a user would write instead, and the floor: each lists the same jobs and counts them by status."""

"""Which network is handed over: who wins, how sure it is, what it takes, and what it is compared with."""

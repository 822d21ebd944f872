from notes_network import check

check("keras")

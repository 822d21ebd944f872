"""``sturgeon panda``: train one network and tend it by hand."""

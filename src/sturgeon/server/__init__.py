"""What every page of Sturgeon is served with: who may come in, what a browser may do, and how it is run.

A room that has pages makes its own `Pages` (templates), writes Starlette routes, puts them together by
`make_app`, and runs them by `serve` or, in a thread, by `running`. Needs the extra ``dashboard``.
"""

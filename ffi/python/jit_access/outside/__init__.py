"""Engines outside of this one that decide by grants, or whose decision stands where no grant speaks.

```python
from jit_access.outside import CedarAgent, Registrar

registrar = Registrar(engine, CedarAgent("http://127.0.0.1:8180", token=read_token()), caller=who_may_read)
with registrar.running():
    serve()
```

A `Registrar` keeps what such an engine holds equal to the grants that are in force: a grant is put there when it begins
and deleted when it ends. It looks at all of it again after any failure and now and then, so an engine that was started
anew has everything a moment later. What is put there holds its own window: a delete that is lost leaves nothing that
goes on.

| module | question |
|---|---|
| `registrar` | how does what another engine holds follow the grants |
| `cedar_agent` | how is a grant put into cedar-agent |
| `opa` | how is a grant put into Open Policy Agent, and which rule reads it (`grants.rego`) |
| `authzen` | what does an AuthZEN decision point answer, as the host's own standing answer |
| `http` | how is another engine called |
"""

from __future__ import annotations

from jit_access.outside.authzen import AuthZenDecisions
from jit_access.outside.cedar_agent import CedarAgent
from jit_access.outside.http import OutsideError
from jit_access.outside.opa import Opa
from jit_access.outside.registrar import Registrar, Target

__all__ = ["AuthZenDecisions", "CedarAgent", "Opa", "OutsideError", "Registrar", "Target"]

# What the grants of jit-access allow. The grants are data below data.jit_grants, which the library keeps.
#
# input: {"principal": {"type": "user", "id": "dev@example.com"}, "action": "tools.execute",
#         "resource": "tool:deploy", "parent": "server:shop"}
package jit_access

import rego.v1

default allow := false

allow if count(grants) > 0

# The ids of the grants that allow it.
grants contains id if {
	some id, grant in data.jit_grants
	grant.principal.type == input.principal.type
	grant.principal.id == input.principal.id
	in_force(grant)
	permits(grant)
	reaches(grant)
}

# Half-open: at its end a grant is over.
in_force(grant) if {
	now := time.now_ns()
	time.parse_rfc3339_ns(grant.from) <= now
	now < time.parse_rfc3339_ns(grant.until)
}

permits(grant) if {
	# No grant gives the actions that administer the library itself.
	not startswith(input.action, "jit.")
	some pattern in grant.allowed
	covers(pattern, input.action)
	count([one | some one in grant.excepted; covers(one, input.action)]) == 0
}

covers(pattern, action) if pattern == action

# A wildcard is at the end and keeps its separator: tools.* does not cover tools:read.
covers(pattern, action) if {
	endswith(pattern, "*")
	startswith(action, trim_suffix(pattern, "*"))
}

reaches(grant) if {
	is_of_kind(grant)
	count([thing | some thing in grant.things; not is_around(thing)]) == 0
}

is_of_kind(grant) if grant.kind == null

is_of_kind(grant) if startswith(input.resource, sprintf("%s:", [grant.kind]))

is_around(thing) if thing == input.resource

is_around(thing) if thing == input.parent

//! Who holds what, and who asks for what.
//!
//! Holders hold one to four grants, of roles from a catalogue of 200 with one to eight of 70 permissions each; a fifth of
//! the grants reaches everything, half a server of 1,000, the rest one tool of twenty thousand. Nine of ten questions
//! come from people who hold nothing; of those that holders ask, half are answered by a grant.

use jit_access::model::*;

/// Numbers that look random and are the same in every run.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// A row of numbers for this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// The next number below `below`.
    pub fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) as usize) % below
    }
}

/// A question, as values and with the answer it must get.
#[derive(Debug, Clone)]
pub struct Question {
    /// Who.
    pub principal: Principal,
    /// What.
    pub action: Action,
    /// To what.
    pub resource: Resource,
    /// The same as text, `tool:deploy`.
    pub thing: String,
    /// Its parent as text.
    pub parent: Option<String>,
    /// Whether a grant gives it.
    pub given: bool,
}

impl Question {
    fn new(principal: Principal, action: &str, resource: Resource, given: bool) -> Self {
        let (action, thing) = (Action::new(action).expect("an action"), resource.to_string());
        let parent = resource.parent().map(ToString::to_string);
        Self { principal, action, resource, thing, parent, given }
    }

    /// As the library takes it.
    pub fn query(&self) -> Query<'_> {
        Query { principal: &self.principal, action: &self.action, resource: &self.resource }
    }
}

/// The world that is asked about.
#[derive(Debug)]
pub struct World {
    /// The live grants.
    pub grants: Vec<Grant>,
    /// How many principals hold at least one.
    pub holders: usize,
    /// Questions of people who hold nothing.
    pub misses: Vec<Question>,
    /// Questions that a grant answers.
    pub hits: Vec<Question>,
    /// Nine misses to one question of a holder, half of which a grant answers.
    pub mixed: Vec<Question>,
}

/// The instant at which questions are asked.
pub fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000).expect("a time between 1970 and 9999")
}

fn name(n: usize) -> String {
    format!("user{:07}@example.com", n.wrapping_mul(7_919_993) % 10_000_019)
}

fn server(n: usize) -> String {
    format!("server-{n:03}")
}

const FAMILIES: [&str; 7] = ["tools", "resources", "prompts", "servers", "logs", "teams", "gateways"];
const VERBS: [&str; 10] =
    ["read", "create", "update", "delete", "execute", "list", "share", "export", "import", "admin"];

/// The kinds and actions of the workload, as a host's schema.
pub fn schema() -> String {
    let of = |family: &str| {
        let verbs = VERBS.map(|verb| format!("action \"{family}.{verb}\" in [\"{family}.*\"];"));
        format!("action \"{family}.*\" in [\"*\"]; {}", verbs.join(" "))
    };
    format!("entity Server; entity Tool in [Server]; action \"*\"; {}", FAMILIES.map(of).join(" "))
}

fn catalogue(dice: &mut Dice, sets: usize) -> Vec<PermissionSet> {
    let all: Vec<_> =
        FAMILIES.iter().flat_map(|family| VERBS.iter().map(move |verb| format!("{family}.{verb}"))).collect();
    (0..sets)
        .map(|_| {
            let some = (0..=dice.below(8)).map(|_| Permission::new(&all[dice.below(all.len())]).expect("a permission"));
            PermissionSet::new(some).expect("a set")
        })
        .collect()
}

impl World {
    /// A world of so many live grants, and so many questions of each sort.
    pub fn new(grants: usize, questions: usize) -> Self {
        Self::with_roles(200, grants, questions)
    }

    /// The same with a random permission set for each grant, which it shares with no other.
    pub fn unshared(grants: usize, questions: usize) -> Self {
        Self::with_roles(0, grants, questions)
    }

    fn with_roles(roles: usize, grants: usize, questions: usize) -> Self {
        let mut dice = Dice::new(1);
        let roles = catalogue(&mut dice, roles);
        let mut world = Self {
            grants: Vec::with_capacity(grants),
            holders: 0,
            misses: Vec::new(),
            hits: Vec::new(),
            mixed: Vec::new(),
        };
        let mut firsts = Vec::new();
        while world.grants.len() < grants {
            let holder = Principal::user(&name(world.holders)).expect("a name");
            firsts.push(world.grants.len());
            for _ in 0..=dice.below(4) {
                if world.grants.len() < grants {
                    let own = if roles.is_empty() { catalogue(&mut dice, 1) } else { Vec::new() };
                    let roles = if roles.is_empty() { &own } else { &roles };
                    let grant = grant(&mut dice, world.grants.len(), &holder, roles);
                    world.grants.push(grant);
                }
            }
            world.holders += 1;
        }
        for n in 0..questions {
            let nobody = Principal::user(&name(world.holders + dice.below(world.holders * 9))).expect("a name");
            let miss = Question::new(nobody, "tools.execute", tool(dice.below(1_000), dice.below(20)), false);
            let hit = world.hit(&mut dice);
            world.mixed.push(match n % 20 {
                7 => world.hit(&mut dice),
                17 => Question { action: Action::new("billing.pay").expect("an action"), given: false, ..hit.clone() },
                _ => miss.clone(),
            });
            world.misses.push(miss);
            world.hits.push(hit);
        }
        world
    }

    fn hit(&self, dice: &mut Dice) -> Question {
        let grant = &self.grants[dice.below(self.grants.len())];
        let allowed = grant.permissions.allowed();
        let some = tool(dice.below(1_000), dice.below(20));
        let resource = match grant.scope.things().next() {
            Some(server) if server.kind().name() == "server" => some.with_parent(server.clone()).expect("a parent"),
            Some(tool) => tool.clone().into(),
            None => some,
        };
        Question::new(grant.holder.clone(), allowed[dice.below(allowed.len())].as_str(), resource, true)
    }
}

fn tool(server_number: usize, tool: usize) -> Resource {
    let resource = Resource::new("tool", &format!("tool-{server_number:03}-{tool:02}")).expect("an id");
    let server = ResourceId::new("server", &server(server_number)).expect("an id");
    resource.with_parent(server).expect("a parent")
}

/// The grant of this number.
pub fn grant(dice: &mut Dice, number: usize, holder: &Principal, roles: &[PermissionSet]) -> Grant {
    let scope = match dice.below(10) {
        0..2 => Scope::ANY,
        2..7 => Scope::one("server", &server(dice.below(1_000))).expect("a scope"),
        _ => Scope::one("tool", &format!("tool-{:03}-{:02}", dice.below(1_000), dice.below(20))).expect("a scope"),
    };
    let at = |millis| Timestamp::from_millis(millis).expect("a time");
    let mut id = Dice::new(number as u64 + 17);
    Grant::new(
        GrantId::from_u128((id.below(usize::MAX) as u128) << 64 | id.below(usize::MAX) as u128),
        RequestId::from_u128(number as u128),
        holder.clone(),
        RoleName::new("role").expect("a name"),
        roles[dice.below(roles.len())].clone(),
        Window::new(at(1_700_000_000_000), at(1_900_000_000_000 + dice.below(1_000) as i64)).expect("a window"),
        Actor::Rule("bench".into()),
    )
    .scope(scope)
    .approved_at(now())
}

/// The questions as text for other processes, a line each: who, what, the thing, its parent, and whether it is given.
pub fn lines(questions: &[Question]) -> String {
    let line = |q: &Question| {
        let parent = q.parent.as_deref().unwrap_or_default();
        format!("{}\t{}\t{}\t{parent}\t{}\n", q.principal.id(), q.action.name(), q.thing, u8::from(q.given))
    };
    questions.iter().map(line).collect()
}

/// A grant of somebody new, for a writer that keeps changing things.
pub fn fresh(number: usize) -> Grant {
    let mut dice = Dice::new(number as u64);
    let set = PermissionSet::new([Permission::new("tools.execute").expect("a permission")]).expect("a set");
    let holder = Principal::user(&name(9_000_000 + number % 100_000)).expect("a name");
    grant(&mut dice, 100_000_000 + number, &holder, &[set])
}

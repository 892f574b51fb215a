package expr

// Arm is a way that an evaluation can take: a side of a ?: or of a ??, or of an
// %{{ if }}. From and To are where it stands in the source that was parsed, in
// bytes: the side, and of an %{{ if }} its test. Arms of one source are told apart by
// all of it.
type Arm struct {
	From, To int
	When     string // one of the constants
}

// When an arm is taken.
const (
	ArmTrue    = "true"
	ArmFalse   = "false"
	ArmPresent = "present" // the left side of ??
	ArmAbsent  = "absent"  // the right side
)

// WholeArm is the arm of a condition as a whole.
func WholeArm(src string, holds bool) Arm {
	if holds {
		return Arm{To: len(src), When: ArmTrue}
	}
	return Arm{To: len(src), When: ArmFalse}
}

// Took is told of each arm that is taken; nil is told nothing.
type Took func(Arm)

func (t Took) tell(a Arm) {
	if t != nil {
		t(a)
	}
}

func (ev *evaluator) note(side node, when string) {
	if ev.took != nil {
		ev.took(armOf(side, ev.offset, when))
	}
}

func armOf(side node, base int, when string) Arm {
	return Arm{From: side.at().from + base, To: side.at().to + base, When: when}
}

func (b branch) arm(when string) Arm { return armOf(b.test.root, b.test.base, when) }

// otherwise is the arm that is taken when no test holds, with or without an else.
func (p *ifPart) otherwise() Arm {
	last := p.branches[len(p.branches)-1]
	if last.test == nil {
		last = p.branches[len(p.branches)-2]
	}
	return last.arm(ArmFalse)
}

// Arms returns all that an evaluation can take, in the order of the source.
func (e *Expr) Arms() []Arm { return arms(e.root, e.base, nil) }

func arms(n node, base int, out []Arm) []Arm {
	switch n := n.(type) {
	case *cond:
		out = append(out, armOf(n.yes, base, ArmTrue), armOf(n.no, base, ArmFalse))
	case *binary:
		if n.op == "??" {
			out = append(out, armOf(n.left, base, ArmPresent), armOf(n.right, base, ArmAbsent))
		}
	}
	for _, c := range children(n) {
		out = arms(c, base, out)
	}
	return out
}

// Arms returns all that an evaluation can take, in the order of the source.
func (t *Text) Arms() []Arm { return partArms(t.parts, nil) }

func partArms(parts []part, out []Arm) []Arm {
	for _, p := range parts {
		switch p := p.(type) {
		case *holePart:
			out = append(out, p.e.Arms()...)
		case *ifPart:
			for _, b := range p.branches {
				if b.test != nil {
					out = append(append(out, b.arm(ArmTrue)), b.test.Arms()...)
				}
				out = partArms(b.body, out)
			}
			out = append(out, p.otherwise())
		case *forPart:
			out = partArms(p.body, append(out, p.e.Arms()...))
		}
	}
	return out
}

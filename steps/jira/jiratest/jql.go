//lint:file-ignore ST1005 these messages are Jira's own, word for word

package jiratest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// This file reads the part of Jira's query language that skills and people use:
// clauses joined by AND, OR and NOT, in parentheses; the operators = != ~ !~ >
// >= < <= in, not in, is and is not; EMPTY and NULL; currentUser(), now(), and
// times relative to now; and ORDER BY with several fields. What it does not
// know it refuses in Jira's words. The language is Atlassian's "Advanced search
// reference".
//
//	query  = [or] [ "order" "by" order { "," order } ]
//	or     = and { "or" and }          and = not { "and" not }
//	not    = "not" not | "(" or ")" | clause
//	clause = field operator ( value | "(" value { "," value } ")" )

// query is a whole query: which issues, and in which order.
type query struct {
	where condition // nil is all
	order []order
}

// condition decides on an issue.
type condition func(moment, *issue) bool

// order is one field that hits are sorted by.
type order struct {
	field string
	desc  bool
}

// clause is FIELD OPERATOR VALUES.
type clause struct {
	field    string // in its canonical spelling
	operator string // in lower case
	values   []string
}

// token is a word or a sign of a query; what was quoted is never a keyword.
type token struct {
	text   string
	quoted bool
}

var jqlToken = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(!=|!~|>=|<=|[=~<>(),])|([^\s"'=~<>(),!]+))`)
})

// tokens cuts a query; what is left over is no token.
func tokens(jql string) (all []token, rest string) {
	for {
		m := jqlToken().FindStringSubmatch(jql)
		if m == nil {
			return all, strings.TrimSpace(jql)
		}
		jql = jql[len(m[0]):]
		quoted := m[3] == "" && m[4] == ""
		all = append(all, token{unescape(m[1]+m[2]) + m[3] + m[4], quoted})
	}
}

var escaped = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\\(.)`) })

func unescape(text string) string { return escaped().ReplaceAllString(text, "$1") }

// parser walks over the tokens of a query.
type parser struct {
	tokens []token
	know   func(clause) error // refuses a clause that names what does not exist
}

// parseJQL reads a query.
func parseJQL(jql string, know func(clause) error) (query, error) {
	all, rest := tokens(jql)
	if rest != "" {
		return query{}, fmt.Errorf("Error in the JQL Query: The character '%.1s' is a reserved JQL character. You must enclose it in a string or use the escape '\\u%04x' instead.", rest, []rune(rest)[0])
	}
	p := &parser{all, know}
	q := query{}
	var err error
	if len(p.tokens) > 0 && !p.at("order") {
		if q.where, err = p.or(); err != nil {
			return q, err
		}
	}
	if q.order, err = p.orders(); err != nil {
		return q, err
	}
	if len(p.tokens) > 0 {
		return q, fmt.Errorf("Error in the JQL Query: Expecting either 'OR' or 'AND' but got '%s'.", p.tokens[0].text)
	}
	return q, nil
}

// at reports whether the next token is a keyword or a sign.
func (p *parser) at(word string) bool {
	return len(p.tokens) > 0 && !p.tokens[0].quoted && strings.EqualFold(p.tokens[0].text, word)
}

// take takes the next token when it is a keyword or a sign.
func (p *parser) take(word string) bool {
	if !p.at(word) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

// word takes the next token, whatever it is.
func (p *parser) word(wanted string) (token, error) {
	if len(p.tokens) == 0 {
		return token{}, fmt.Errorf("Error in the JQL Query: Expecting %s before the end of the query.", wanted)
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	return t, nil
}

func (p *parser) or() (condition, error) { return p.joined("or", p.and, true) }

func (p *parser) and() (condition, error) { return p.joined("and", p.not, false) }

// joined reads parts with a word between them; the first that is as decides
// settles the whole.
func (p *parser) joined(word string, part func() (condition, error), decides bool) (condition, error) {
	var parts []condition
	for {
		one, err := part()
		if err != nil {
			return nil, err
		}
		if parts = append(parts, one); !p.take(word) {
			break
		}
	}
	return func(now moment, i *issue) bool {
		for _, one := range parts {
			if one(now, i) == decides {
				return decides
			}
		}
		return !decides
	}, nil
}

func (p *parser) not() (condition, error) {
	if p.take("not") {
		one, err := p.not()
		return func(now moment, i *issue) bool { return !one(now, i) }, err
	}
	if !p.take("(") {
		return p.clause()
	}
	one, err := p.or()
	if err == nil && !p.take(")") {
		err = fmt.Errorf("Error in the JQL Query: Expecting ')' before the end of the query.")
	}
	return one, err
}

func (p *parser) clause() (condition, error) {
	name, err := p.word("a field")
	if err != nil {
		return nil, err
	}
	c := clause{}
	if c.operator, err = p.operator(name.text); err != nil {
		return nil, err
	}
	f, ok := fieldOf(name.text)
	if !ok {
		return nil, fmt.Errorf("Field '%s' does not exist or you do not have permission to view it.", name.text)
	}
	c.field = f.name
	if c.values, err = p.values(c.operator); err != nil {
		return nil, err
	}
	if err := f.takes(name.text, c); err != nil {
		return nil, err
	}
	if err := p.know(c); err != nil {
		return nil, err
	}
	return c.holds, nil
}

// operator reads an operator of one word, or of two.
func (p *parser) operator(after string) (string, error) {
	bad := func(got string) error {
		return fmt.Errorf("Error in the JQL Query: Expecting operator but got '%s'. The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'.", got)
	}
	if len(p.tokens) == 0 {
		return "", bad(after)
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	switch text := strings.ToLower(t.text); {
	case t.quoted:
		return "", bad(t.text)
	case slices.Contains([]string{"=", "!=", "~", "!~", ">", ">=", "<", "<=", "in"}, text):
		return text, nil
	case text == "not" && p.take("in"):
		return "not in", nil
	case text == "is" && p.take("not"):
		return "is not", nil
	case text == "is":
		return "is", nil
	}
	return "", bad(t.text)
}

// values reads what stands behind an operator.
func (p *parser) values(operator string) ([]string, error) {
	if operator != "in" && operator != "not in" {
		v, err := p.value()
		return []string{v}, err
	}
	if !p.take("(") {
		return nil, fmt.Errorf("Error in the JQL Query: Expecting '(' after the operator '%s'.", strings.ToUpper(operator))
	}
	var all []string
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		if all = append(all, v); p.take(",") {
			continue
		}
		if !p.take(")") {
			return nil, fmt.Errorf("Error in the JQL Query: Expecting ')' before the end of the query.")
		}
		return all, nil
	}
}

// value reads a value; a function is one with its parentheses, and EMPTY and
// NULL, unquoted, are the empty text.
func (p *parser) value() (string, error) {
	t, err := p.word("a value")
	switch {
	case err != nil:
		return "", err
	case t.quoted:
		return t.text, nil
	case strings.ContainsAny(t.text, "=~<>(),"):
		return "", fmt.Errorf("Error in the JQL Query: Expecting a value but got '%s'.", t.text)
	case strings.EqualFold(t.text, "empty") || strings.EqualFold(t.text, "null"):
		return "", nil
	case p.take("("):
		if !p.take(")") {
			return "", fmt.Errorf("Function '%s' takes no arguments here.", t.text)
		}
		return function(t.text)
	}
	return t.text, nil
}

func function(name string) (string, error) {
	for _, known := range []string{me, now} {
		if strings.EqualFold(name+"()", known) {
			return known, nil
		}
	}
	return "", fmt.Errorf("Unable to find JQL function '%s()'.", name)
}

// The functions are values that no text can be.
const me, now = "currentUser()", "now()"

func (p *parser) orders() ([]order, error) {
	if !p.take("order") {
		return nil, nil
	}
	if !p.take("by") {
		return nil, fmt.Errorf("Error in the JQL Query: Expecting 'by' after 'order'.")
	}
	var all []order
	for {
		name, err := p.word("a field")
		if err != nil {
			return nil, err
		}
		f, ok := fieldOf(name.text)
		if !ok {
			return nil, fmt.Errorf("Field '%s' does not exist or you do not have permission to view it.", name.text)
		}
		o := order{field: f.name, desc: p.take("desc") || !p.take("asc") && f.kind == instant}
		if all = append(all, o); !p.take(",") {
			return all, nil
		}
	}
}

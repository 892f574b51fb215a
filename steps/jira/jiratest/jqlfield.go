//lint:file-ignore ST1005 these messages are Jira's own, word for word

package jiratest

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// kind is what a field can be asked.
type kind int

const (
	choice  kind = iota // is one of a few values: =, in, is
	prose               // is searched for words: ~, is
	instant             // is a time: =, <, is
	name                // is a key, which has an order: =, in, <
)

// field is a field of an issue that queries name.
type field struct {
	name  string // canonical
	also  string // another name of it
	kind  kind
	texts func(*issue) []string  // of choices, proses and keys
	at    func(*issue) time.Time // of instants; zero is none
}

func one(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

func fieldsOfIssues() []field {
	return []field{
		{name: "project", kind: choice, texts: func(i *issue) []string { return one(i.Project) }},
		{name: "key", also: "issuekey", kind: name, texts: func(i *issue) []string { return one(i.Key) }},
		{name: "id", also: "issue", kind: choice, texts: func(i *issue) []string { return []string{i.ID, i.Key} }},
		{name: "labels", kind: choice, texts: func(i *issue) []string { return i.Labels }},
		{name: "component", also: "components", kind: choice, texts: func(i *issue) []string { return i.Components }},
		{name: "status", kind: choice, texts: func(i *issue) []string { st, _ := statusNamed(i.Status); return []string{i.Status, st.ID} }},
		{name: "statusCategory", kind: choice, texts: func(i *issue) []string { st, _ := statusNamed(i.Status); return st.categories() }},
		{name: "issuetype", also: "type", kind: choice, texts: func(i *issue) []string { return one(i.Type) }},
		{name: "resolution", kind: choice, texts: func(i *issue) []string { return one(i.resolution()) }},
		{name: "assignee", kind: choice, texts: func(*issue) []string { return nil }}, // the stand-in assigns no one
		{name: "reporter", kind: choice, texts: func(*issue) []string { return []string{me} }},
		{name: "creator", kind: choice, texts: func(i *issue) []string {
			if i.By == "" {
				return []string{me}
			}
			return []string{i.By}
		}},
		{name: "summary", kind: prose, texts: func(i *issue) []string { return one(i.Summary) }},
		{name: "description", kind: prose, texts: func(i *issue) []string { return one(i.Description) }},
		{name: "comment", kind: prose, texts: func(i *issue) []string { return i.texts() }},
		{name: "text", kind: prose, texts: func(i *issue) []string { return slices.Concat([]string{i.Summary, i.Description}, i.texts()) }},
		{name: "created", also: "createdDate", kind: instant, at: func(i *issue) time.Time { return i.Created }},
		{name: "updated", also: "updatedDate", kind: instant, at: func(i *issue) time.Time { return i.Updated }},
		{name: "resolved", also: "resolutiondate", kind: instant, at: func(i *issue) time.Time {
			if i.resolution() == "" {
				return time.Time{}
			}
			return i.StatusSince
		}},
	}
}

// fieldOf finds a field by one of its names, in any case.
func fieldOf(called string) (field, bool) {
	all := fieldsOfIssues()
	i := slices.IndexFunc(all, func(f field) bool { return strings.EqualFold(f.name, called) || strings.EqualFold(f.also, called) })
	if i < 0 {
		return field{}, false
	}
	return all[i], true
}

// categories are the names of a status's category.
func (st status) categories() []string {
	return []string{st.Category, map[string]string{"new": "To Do", "indeterminate": "In Progress", "done": "Done"}[st.Category]}
}

// resolution is how an issue ended; "" is one that has not.
func (i *issue) resolution() string {
	if st, _ := statusNamed(i.Status); st.Category != "done" {
		return ""
	}
	return "Done"
}

// operators are those that a kind of field takes.
func (k kind) operators() []string {
	equal := []string{"=", "!=", "in", "not in", "is", "is not"}
	switch k {
	case prose:
		return []string{"~", "!~", "is", "is not"}
	case instant, name:
		return append(equal, ">", ">=", "<", "<=")
	}
	return equal
}

// takes refuses an operator that the field does not take, and a value that it
// cannot have.
func (f field) takes(called string, c clause) error {
	if !slices.Contains(f.kind.operators(), c.operator) {
		return fmt.Errorf("The operator '%s' is not supported by the '%s' field.", strings.ToUpper(c.operator), called)
	}
	for _, v := range c.values {
		if (c.operator == "is" || c.operator == "is not") && v != "" {
			return fmt.Errorf("Error in the JQL Query: Expecting either 'EMPTY' or 'NULL' after the operator '%s' but got '%s'.", strings.ToUpper(c.operator), v)
		}
		if f.kind == instant && v != "" {
			if _, ok := (moment{}).read(v); !ok {
				return fmt.Errorf("Date value '%s' for field '%s' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.", v, called)
			}
		}
	}
	return nil
}

// holds decides a clause. As in Jira, != and not in do not find issues that
// have no value.
func (c clause) holds(at moment, i *issue) bool {
	f, _ := fieldOf(c.field)
	if f.kind == instant {
		return c.holdsAt(at, f.at(i))
	}
	texts := f.texts(i)
	has := func(v string) bool { return f.has(texts, v) }
	switch c.operator {
	case "is", "=", "in":
		return slices.ContainsFunc(c.values, has)
	case "~":
		return slices.ContainsFunc(texts, func(text string) bool { return says(text, c.values[0]) })
	case "!~":
		return len(texts) > 0 && !slices.ContainsFunc(texts, func(text string) bool { return says(text, c.values[0]) })
	case "is not", "!=", "not in":
		return (len(texts) > 0 || slices.Contains(c.values, "")) && !slices.ContainsFunc(c.values, has)
	}
	return compares(c.operator, cmp.Compare(numberIn(i.Key), numberIn(c.values[0])))
}

// has reports whether one of a field's values is v; "" is none at all.
func (f field) has(texts []string, v string) bool {
	if v == "" || f.name == "resolution" && strings.EqualFold(v, "unresolved") {
		return len(texts) == 0
	}
	return slices.ContainsFunc(texts, func(text string) bool { return strings.EqualFold(text, v) })
}

func (c clause) holdsAt(at moment, t time.Time) bool {
	is := func(v string) bool {
		if v == "" {
			return t.IsZero()
		}
		when, _ := at.read(v)
		return t.Equal(when)
	}
	switch c.operator {
	case "is", "=", "in":
		return slices.ContainsFunc(c.values, is)
	case "is not", "!=", "not in":
		return !slices.ContainsFunc(c.values, is)
	}
	when, _ := at.read(c.values[0])
	return !t.IsZero() && compares(c.operator, t.Compare(when))
}

func compares(operator string, n int) bool {
	switch operator {
	case ">":
		return n > 0
	case ">=":
		return n >= 0
	case "<":
		return n < 0
	}
	return n <= 0
}

func numberIn(key string) int {
	n, _ := strconv.Atoi(key[strings.LastIndexByte(key, '-')+1:])
	return n
}

var notWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^\pL\pN*?]+`) })

// says reports whether a text has all words of a search, a word with * or ? at
// its end as the beginning of one; a search in quotes has them in a row.
func says(text, search string) bool {
	if phrase := strings.Trim(search, `"`); phrase != search {
		return strings.Contains(" "+strings.Join(wordsOf(text), " ")+" ", " "+strings.Join(wordsOf(phrase), " ")+" ")
	}
	words := wordsOf(text)
	return !slices.ContainsFunc(wordsOf(search), func(want string) bool {
		beginning := strings.TrimRight(want, "*?")
		return !slices.ContainsFunc(words, func(w string) bool { return w == want || beginning != want && strings.HasPrefix(w, beginning) })
	})
}

func wordsOf(text string) []string {
	return strings.Fields(notWord().ReplaceAllString(strings.ToLower(text), " "))
}

// moment is when a query is asked.
type moment struct{ time.Time }

var (
	period = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[+-]?(?:\d+[wdhm]\s*)+$`) })
	amount = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(\d+)([wdhm])`) })
)

// read reads a time, or a period from now such as -5d.
func (at moment) read(v string) (time.Time, bool) {
	if v == now {
		return at.Time, true
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006/01/02 15:04", "2006-01-02", "2006/01/02"} {
		if t, err := time.Parse(layout, v); err == nil {
			return t, true
		}
	}
	if !period().MatchString(v) {
		return time.Time{}, false
	}
	units := map[string]time.Duration{"w": 7 * 24 * time.Hour, "d": 24 * time.Hour, "h": time.Hour, "m": time.Minute}
	var d time.Duration
	for _, m := range amount().FindAllStringSubmatch(v, -1) {
		n, _ := strconv.Atoi(m[1])
		d += time.Duration(n) * units[m[2]]
	}
	if strings.HasPrefix(v, "-") {
		d = -d
	}
	return at.Add(d), true
}

// sort puts hits in order: by the fields asked for, then the newest first.
func (q query) sort(hits []*issue) {
	by := append(slices.Clone(q.order), order{"created", true}, order{"id", true})
	slices.SortStableFunc(hits, func(a, b *issue) int {
		for _, o := range by {
			if n := o.compare(a, b); n != 0 {
				return n
			}
		}
		return 0
	})
}

func (o order) compare(a, b *issue) int {
	f, _ := fieldOf(o.field)
	n := 0
	switch {
	case f.kind == instant:
		n = f.at(a).Compare(f.at(b))
	case f.name == "key":
		n = cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.number(), b.number()))
	case f.name == "id":
		n = cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
	default:
		n = slices.Compare(f.texts(a), f.texts(b))
	}
	if o.desc {
		return -n
	}
	return n
}

package steps

import (
	"fmt"
	mrand "math/rand/v2"
	"strings"
)

// draw writes skills.
type draw struct {
	r    *mrand.Rand
	n    int
	seen []string // expressions of what is known here: texts
}

func (d *draw) one(of ...string) string { return of[d.r.IntN(len(of))] }

// value is a literal, or what an earlier step saw.
func (d *draw) value() string {
	if len(d.seen) > 0 && d.r.IntN(2) == 0 {
		return "<${{ " + d.seen[d.r.IntN(len(d.seen))] + " }}>"
	}
	return d.one("old p", "v1", "v2")
}

// step draws a step, and what of its result others read.
func (d *draw) step(pad string) (text, result string) {
	d.n++
	id := fmt.Sprint("n", d.n)
	use := func(name, with string) string {
		return fmt.Sprintf("%s- id: %s\n%s  uses: %s\n%s  with: {%s}\n", pad, id, pad, name, pad, with)
	}
	name, path, service := d.one("x", "y"), d.one("p", "q", "r"), d.one("a", "b", "again")
	file := fmt.Sprintf("program: %%s, args: [\"${{ inputs.root }}/%s\"]", path)
	switch d.r.IntN(15) {
	case 0:
		return use("state_set", fmt.Sprintf("name: %s, value: %q", name, d.value())), "json(steps." + id + ".value)"
	case 1:
		return use("state_increment", "name: z"), "string(steps." + id + ".value)"
	case 2:
		return use("file_write", fmt.Sprintf("path: %s, text: %q", path, d.value())), "steps." + id + ".digest"
	case 3:
		return use("exec", fmt.Sprintf(file, "tee")+fmt.Sprintf(", stdin: %q", d.value())), "steps." + id + ".stdout"
	case 4:
		return use("http_request", fmt.Sprintf("service: %s, method: PUT, path: /k, body: %q", service, d.value())), "steps." + id + ".body"
	case 5:
		return use("file_read", "service: files, path: "+d.one("p", "q")), "steps." + id + ".text"
	case 6:
		return use("file_exists", "service: files, path: "+path), "string(steps." + id + ".exists)"
	case 7:
		return use("exec_read", fmt.Sprintf(file, "cat")+", expect: [0, 1]"), "steps." + id + ".stdout"
	case 8:
		return use("http_get", fmt.Sprintf("service: %s, path: /k", service)), "steps." + id + ".body"
	case 11, 12:
		return d.ticket(use, id)
	case 13, 14:
		return d.request(use, id)
	case 9:
		return use("state_get", "name: z, default: 0"), "json(steps." + id + ".value ?? 0)"
	}
	return use("state_get", fmt.Sprintf("name: %s, default: none", name)), "json(steps." + id + ".value ?? 0)"
}

// sequence draws steps with what may stand around them.
func (d *draw) sequence(pad string, most int) string {
	var out strings.Builder
	for range 1 + d.r.IntN(most) {
		text, result := d.step(pad)
		switch kind := d.r.IntN(12); {
		case kind == 0 && len(d.seen) > 0:
			text += fmt.Sprintf("%s  if: len(%s) %s 5\n", pad, d.seen[d.r.IntN(len(d.seen))], d.one(">", "<"))
		case kind == 1:
			d.n++
			text = fmt.Sprintf("%s- id: g%d\n%s  parallel: true\n%s  steps:\n%s", pad, d.n, pad, pad, indent(text))
			other, second := d.step(pad + "    ")
			for strings.Contains(text, "file_write") && strings.Contains(other, "file_write") { // one file has one writer at a time
				other, second = d.step(pad + "    ")
			}
			text += other
			d.seen = append(d.seen, result, second)
		case kind == 2:
			d.n++
			id := d.n
			inner, _ := d.step(pad + "    ")
			most := d.one("1", "2")
			if strings.Contains(text+inner, "file_write") {
				most = "1"
			}
			text, result = fmt.Sprintf("%s- id: g%d\n%s  for_each: '[\"1\", \"2\"]'\n%s  max_parallel: %s\n%s  steps:\n%s%s",
				pad, id, pad, pad, most, pad, indent(text), inner), ""
		case kind == 3 && len(d.seen) > 0:
			d.n++
			out.WriteString(fmt.Sprintf("%s- {id: n%d, assert: 'len(%s) %s', message: it is another}\n", pad, d.n, d.seen[d.r.IntN(len(d.seen))], d.one("< 5", "> 1", "> 1", "> 1")))
		case kind == 4:
			d.n++
			out.WriteString(fmt.Sprintf("%s- {id: n%d, uses: file_write, with: {path: ../x, text: x}, on_error: continue}\n", pad, d.n))
		case kind == 5 && pad == "  ":
			d.n++
			out.WriteString(fmt.Sprintf("%s- {id: n%d, approve: 'go on?'}\n", pad, d.n))
		case kind == 6 && pad == "  ":
			d.n++
			out.WriteString(fmt.Sprintf("%s- {id: n%d, uses: 'skill:called', with: {root: '${{ inputs.root }}', repo: '${{ inputs.repo }}'}}\n", pad, d.n))
		case kind == 7 && pad == "  ":
			out.WriteString(d.release())
		default:
			d.seen = append(d.seen, result)
		}
		out.WriteString(text)
	}
	return out.String()
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ") + "\n"
}

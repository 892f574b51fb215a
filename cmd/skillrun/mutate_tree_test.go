package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// treeMutation changes one value of a JSON text, somewhere in it: its type, a
// member more, less, twice. What is no JSON stays.
func treeMutation(r *rand.Rand, text []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var tree any
	if d.Decode(&tree) != nil {
		return text
	}
	tree = inTree(r, tree, r.IntN(nodes(tree)))
	out, err := plainJSON(tree)
	if err != nil { // a number that is none
		return text
	}
	return out
}

func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// nodes counts a value and all in it.
func nodes(v any) int {
	n := 1
	switch v := v.(type) {
	case map[string]any:
		for _, x := range v {
			n += nodes(x)
		}
	case []any:
		for _, x := range v {
			n += nodes(x)
		}
	}
	return n
}

// inTree spoils the value that comes at-th in a value.
func inTree(r *rand.Rand, v any, at int) any {
	if at == 0 {
		return spoilt(r, v)
	}
	at--
	switch v := v.(type) {
	case map[string]any:
		for _, name := range types.SortedKeys(v) {
			n := nodes(v[name])
			if at < n {
				v[name] = inTree(r, v[name], at)
				return v
			}
			at -= n
		}
	case []any:
		for i, x := range v {
			n := nodes(x)
			if at < n {
				v[i] = inTree(r, x, at)
				return v
			}
			at -= n
		}
	}
	return v
}

func spoilt(r *rand.Rand, v any) any {
	switch v := v.(type) {
	case map[string]any:
		if names := types.SortedKeys(v); len(names) > 0 && r.IntN(2) == 0 {
			name := pick(r, names)
			switch r.IntN(3) {
			case 0:
				delete(v, name)
			case 1:
				v[name+"x"] = v[name]
			default:
				v[name], v[pick(r, names)] = v[pick(r, names)], v[name]
			}
			return v
		}
	case []any:
		if len(v) > 0 && r.IntN(2) == 0 {
			at := r.IntN(len(v))
			if r.IntN(2) == 0 {
				return slices.Delete(v, at, at+1)
			}
			item, err := plainJSON(v[at])
			if err != nil {
				return v
			}
			return slices.Insert(v, at, slices.Repeat(v[at:at+1], times(r, []string{string(item)}))...)
		}
	case string:
		if r.IntN(2) == 0 {
			return string(insert(r, []byte(v), pick(r, oddTexts())))
		}
	}
	deep := any("x")
	for range r.IntN(2000) {
		deep = []any{deep}
	}
	return pick(r, []any{
		nil, true, "", "x", 0, -1, json.Number("1e300"), json.Number("9223372036854775808"), json.Number("0.5"), []any{}, map[string]any{}, []any{v, v}, map[string]any{"a": v},
		deep, strings.Repeat("long ", r.IntN(20_000)), "2026-01-15T22:30:00Z", "${{ 1 / 0 }}",
	})
}

// sealedPlan gives a plan the seal that fits what it says now.
func sealedPlan(text []byte) []byte {
	value, err := types.Decode(text)
	tree, ok := value.(map[string]any)
	if err != nil || !ok {
		return text
	}
	delete(tree, "seal")
	sum := sha256.Sum256(types.Encode(tree))
	tree["seal"] = hex.EncodeToString(sum[:])
	return types.Encode(tree)
}

// sealedJournal gives each line of a journal the checksum that fits, and the hash
// of the line before. A line without a record stays what it is.
func sealedJournal(text []byte) []byte {
	var out bytes.Buffer
	prev := strings.Repeat("0", 32)
	for line := range bytes.Lines(text) {
		body, ok := bytes.CutPrefix(line, []byte(`{"r":`))
		if at := bytes.LastIndex(body, []byte(`,"prev":"`)); ok && at >= 0 {
			line = fmt.Appendf(nil, `{"r":%s,"prev":"%s`, body[:at], prev)
			line = fmt.Appendf(line, "\",\"sum\":\"%08x\"}\n", crc32.Checksum(line, crc32.MakeTable(crc32.Castagnoli)))
		}
		out.Write(line)
		sum := sha256.Sum256(bytes.TrimSuffix(line, []byte("\n")))
		prev = hex.EncodeToString(sum[:16])
	}
	return out.Bytes()
}

// recordMutation changes one value of one record of a journal, and leaves its
// checksum as it was.
func recordMutation(r *rand.Rand, text []byte) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	at := r.IntN(len(lines))
	body, ok := bytes.CutPrefix(lines[at], []byte(`{"r":`))
	end := bytes.LastIndex(body, []byte(`,"prev":"`))
	if !ok || end < 0 {
		return text
	}
	lines[at] = slices.Concat([]byte(`{"r":`), inOrder(treeMutation(r, body[:end])), body[end:])
	return bytes.Join(lines, nil)
}

// inOrder puts the first members of a record where a journal has them: what a
// write cut short leaves is known by them.
func inOrder(record []byte) []byte {
	var r map[string]json.RawMessage
	if json.Unmarshal(record, &r) != nil || r["seq"] == nil || r["kind"] == nil {
		return record
	}
	head := fmt.Appendf(nil, `{"seq":%s,"kind":%s`, r["seq"], r["kind"])
	delete(r, "seq")
	delete(r, "kind")
	rest, err := plainJSON(r)
	if err != nil || len(r) == 0 {
		return append(head, '}')
	}
	return slices.Concat(head, []byte(","), rest[1:])
}

package state_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestCompareAndSet: a value is set only if what is stored is what was read, a write
// that was made stays made, and a plan says what the run would.
func TestCompareAndSet(t *testing.T) {
	w := newWorld(t)
	digest := func() string {
		t.Helper()
		raw, err := w.step("state_get").Do(t.Context(), json.RawMessage(`{"name":"lead","default":"absent"}`))
		var out struct{ Digest string }
		if err == nil {
			err = json.Unmarshal(raw, &out)
		}
		if err != nil {
			t.Fatal(err)
		}
		return out.Digest
	}
	set := func(value, expect string) string {
		return `{"name":"lead","value":` + value + `,"expect":"` + expect + `"}`
	}
	if digest() != "absent" {
		t.Error(digest())
	}
	w.want("1", "state_set", set(`{"b":1,"a":"x"}`, "absent"), `{"name":"lead","value":{"b":1,"a":"x"}}`)
	ann := digest()
	if sum := sha256.Sum256([]byte(`{"a":"x","b":1}`)); ann != "sha256:"+hex.EncodeToString(sum[:]) {
		t.Error(ann)
	}
	w.want("2", "state_set", set(`{"a":"x","b":1}`, ann), `{"name":"lead","value":{"a":"x","b":1}}`)
	if digest() != ann {
		t.Error("the order of members tells values apart")
	}
	w.want("3", "state_set", set(`"Bob"`, ann), `{"name":"lead","value":"Bob"}`)
	w.want("3", "state_set", set(`"Bob"`, ann), `{"name":"lead","value":"Bob"}`) // made already
	for key, expect := range map[string]string{"4": ann, "5": "absent"} {
		_, err := w.do(key, "state_set", set(`"Cyd"`, expect))
		if types.CodeOf(err) != types.Conflict || err.Error() != "state lead is not as expected: it is "+digest()+" (it was changed in the meantime: read it again)" {
			t.Error(err)
		}
		_, err = w.step("state_set").Preview(t.Context(), json.RawMessage(set(`"Cyd"`, expect)), nil)
		if types.CodeOf(err) != types.Conflict {
			t.Error("a plan does not say what the run would:", err)
		}
		presumed := step.WithCall(t.Context(), step.Call{Presumed: true})
		if _, err := w.step("state_set").Preview(presumed, json.RawMessage(set(`"Cyd"`, expect)), nil); err != nil {
			t.Error("an earlier write may make it so:", err)
		}
	}
	w.want("6", "state_set", set("null", digest()), `{"name":"lead","value":null}`)
	w.want("7", "state_set", set("1", "absent"), `{"name":"lead","value":1}`)
	if f, _ := w.step("state_set").In.Field("expect"); !f.Cosmetic {
		t.Error("what was there before is part of the effect: the same work does not find it again")
	}
}

// TestOneOfManySets: of those that set a value together because they read the same,
// one does.
func TestOneOfManySets(t *testing.T) {
	w := newWorld(t)
	var all sync.WaitGroup
	var set atomic.Int64
	for i := range 20 {
		all.Go(func() {
			in := fmt.Sprintf(`{"name":"lead","value":%d,"expect":"absent"}`, i)
			_, err := w.step("state_set").Do(calling(t.Context(), fmt.Sprint(i), "d"), json.RawMessage(in))
			switch {
			case err == nil:
				set.Add(1)
			case types.CodeOf(err) != types.Conflict:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if set.Load() != 1 {
		t.Errorf("%d have set it", set.Load())
	}
}

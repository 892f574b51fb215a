package schemas

import (
	"github.com/skillrun/skillrun/engine/skilltest"
)

// Tests is the schema of a file of tests, NAME_test.yaml.
func Tests() Schema {
	b := newBuilder(skilltest.Keys(), nil)
	b.extra["answer"] = b.answerRules
	return b.document("tests", "tests", "The tests of a skill or a step type of skillrun, NAME_test.yaml.")
}

// answerRules say that an answer is of one kind, and what goes with it.
func (b *builder) answerRules(s Schema) {
	var one []any
	for _, k := range skilltest.AnswerKinds() {
		one = append(one, has(k.Key.Name))
		without := Schema{}
		for _, key := range b.places["answer"].Names() {
			if key != k.Key.Name && !k.With.Has(key) {
				without[key] = false
			}
		}
		add(s, ifThen(has(k.Key.Name), Schema{"properties": without}))
	}
	add(s, Schema{"anyOf": one})
}

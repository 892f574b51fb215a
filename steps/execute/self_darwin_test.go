package execute_test

const self = "" // there is nothing to be started as

const attacking = ""

func attack([]string) int { return 0 }

package execute_test

// self starts this test as what it tests.
const self = "/proc/self/exe"

// attacking is the argument that makes the test a program that attacks.
const attacking = "attack"

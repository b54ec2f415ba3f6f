use crate::fixture::folder;
use crate::support::brelu;

#[test]
fn wrong_usage_has_a_status_of_its_own() {
    brelu(folder(), "").misuses(&["Usage"]);
    brelu(folder(), "infer --plan tiny.plan").misuses(&["IMAGE"]);
    brelu(folder(), "serve --plan tiny.plan --weights tiny.weights --ready 0").misuses(&["at least 1"]);
    brelu(folder(), "evaluate --plan tiny.plan --data pictures").misuses(&["--simulate"]);
    brelu(folder(), "evaluate --plan tiny.plan --data pictures --spawn").misuses(&["--weights"]);
    brelu(folder(), "compile tiny.onnx -o x --fit wide").misuses(&["short-side"]);
}

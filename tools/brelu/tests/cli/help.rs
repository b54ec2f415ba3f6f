use crate::fixture::folder;
use crate::support::brelu;

#[test]
fn every_command_has_help_with_an_example() {
    for command in [
        "demo",
        "new",
        "import",
        "compile",
        "knapsack",
        "train",
        "tasks",
        "merge",
        "convert-spec",
        "report",
        "distort",
        "inspect",
        "deal",
        "serve",
        "clients",
        "delegate",
        "prepare",
        "infer",
        "evaluate",
        "keygen",
        "provision",
        "trial",
    ] {
        let text = brelu(folder(), &format!("{command} --help")).succeeds();
        assert!(text.contains(&format!("Usage: brelu {command}")), "{text}");
        assert!(text.contains(&format!("\n  brelu {command}")), "{command} has no example: {text}");
        let overview = brelu(folder(), "--help").succeeds();
        assert!(overview.contains(&format!("\n  {command} ")), "{overview}");
    }
}

#[test]
fn wrong_usage_has_a_status_of_its_own() {
    brelu(folder(), "").misuses(&["Usage"]);
    brelu(folder(), "infer --plan tiny.plan").misuses(&["IMAGE"]);
    brelu(folder(), "serve --plan tiny.plan --weights tiny.weights --ready 0").misuses(&["at least 1"]);
    brelu(folder(), "evaluate --plan tiny.plan --data pictures").misuses(&["--simulate"]);
    brelu(folder(), "evaluate --plan tiny.plan --data pictures --spawn").misuses(&["--weights"]);
    brelu(folder(), "compile tiny.onnx -o x --fit wide").misuses(&["short-side"]);
}

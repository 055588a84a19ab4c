//! How the browser's files are made. Results, in `target/assets/beacon`, each with `.br` and `.gz`:
//!
//! | file | from |
//! |---|---|
//! | `slowtax.js` | `beacon-wasm/js/stub.js`, bundled; knows the name below as `__CORE__` |
//! | `slowtax-HASH.js` | `beacon-wasm/js/core.js`, bundled as an ES module; imports the glue as `slowtax-glue`, and as `slowtax-imports` what the module asks for; finds the module beside itself |
//! | `slowtax-HASH.wasm` | `beacon-wasm` through cargo, wasm-bindgen and wasm-opt |
//!
//! wasm-bindgen's glue has a function for everything that the compiler's module imports; wasm-opt leaves out most of it. So that the
//! bundler leaves it out too, the imports of the optimised module are listed in a file of their own.
//!
//! HASH is the first ten hex digits of a SHA-256 over the module and the bundled core, glue included: the two files
//! fit only each other, so they share one name, and that name may be cached for ever.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::assets;
use crate::bench::size_table;
use crate::output::say;
use crate::stamp::{Inputs, sha256_hex};
use crate::steps::Done;
use crate::workspace::Workspace;

const LIMIT: Duration = Duration::from_mins(3);
const HASH_DIGITS: usize = 10;

/// What browsers must understand. `?.` and `??` are in it; private methods are not.
const ECMASCRIPT: &str = "--target=es2020";

/// The features of [`crate::wasm`]'s compiler flags, and what the compiler turns on by itself.
const WASM_OPT: [&str; 11] = [
    // Of wasm-bindgen's own, for whoever restarts modules or handles their exceptions: we do neither.
    "--remove-exports=__*",
    "-Oz",
    "--converge",
    "--enable-bulk-memory",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--strip-debug",
    "--strip-dwarf",
    "--strip-producers",
    "--strip-target-features",
];

/// The hash over all that the files are made of.
pub(crate) fn inputs(workspace: &Workspace) -> Result<String> {
    let mut inputs = Inputs::default().text(include_str!("beacon.rs")).text(include_str!("wasm.rs"));
    for path in ["beacon-wasm", "beacon-format", "xtask/assets/src", "Cargo.toml", "Cargo.lock", "package-lock.json"] {
        inputs = inputs.path(&workspace.at(path))?;
    }
    Ok(inputs.finish())
}

/// True when nothing has changed since the files were made.
pub(crate) fn is_fresh(workspace: &Workspace) -> Result<bool> {
    Ok(workspace.stamp("beacon").is_fresh(&inputs(workspace)?))
}

/// Makes the files from the compiled module. The asset tool and the npm packages must be there.
pub(crate) fn assemble(workspace: &Workspace, module: &Path) -> Result<Done> {
    let inputs = inputs(workspace)?;
    let scratch = workspace.scratch("beacon")?;
    let glue = bind(workspace, module, &scratch)?;
    let optimised = optimise(workspace, &scratch)?;
    let imports = list_imports(workspace, &optimised, &scratch)?;
    let core = bundle_core(workspace, &glue, &imports, &scratch)?;

    let wasm_bytes = fs::read(&optimised).with_context(|| format!("cannot read {}", optimised.display()))?;
    let core_bytes = fs::read(&core).with_context(|| format!("cannot read {}", core.display()))?;
    let hash = &sha256_hex(&[&wasm_bytes, &core_bytes])[..HASH_DIGITS];
    let (core_name, wasm_name) = (format!("slowtax-{hash}.js"), format!("slowtax-{hash}.wasm"));

    let staged = workspace.scratch("beacon-staged")?;
    fs::write(staged.join(&core_name), core_bytes).context("cannot write the core")?;
    fs::write(staged.join(&wasm_name), wasm_bytes).context("cannot write the module")?;
    bundle_stub(workspace, &core_name, &staged)?;
    assets::compress(workspace, "beacon", &staged)?;

    let published = assets::publish(workspace, &staged, "beacon")?;
    say(&size_table(&workspace.assets().join("beacon"))?);
    workspace.stamp("beacon").write(&inputs, &published)?;
    Ok(Done::Made)
}

/// wasm-bindgen: the module without its custom sections, and the glue.
fn bind(workspace: &Workspace, module: &Path, scratch: &Path) -> Result<PathBuf> {
    let tool = workspace.program("beacon", assets::tool(workspace), LIMIT);
    tool.arg("bindgen").arg(module).arg(scratch).run(&workspace.stop)?;
    Ok(scratch.join("glue_bg.js"))
}

fn optimise(workspace: &Workspace, scratch: &Path) -> Result<PathBuf> {
    let out = scratch.join("optimised.wasm");
    let tool = workspace.npm_program("beacon", "wasm-opt", LIMIT).args(WASM_OPT);
    tool.arg(scratch.join("glue_bg.wasm")).arg("--output").arg(&out).run(&workspace.stop)?;
    Ok(out)
}

/// Writes a JavaScript module whose default export is what the wasm module imports.
fn list_imports(workspace: &Workspace, module: &Path, scratch: &Path) -> Result<PathBuf> {
    let text =
        workspace.npm_program("beacon", "wasm-dis", LIMIT).arg("--all-features").arg(module).read(&workspace.stop)?;
    let path = scratch.join("imports.js");
    fs::write(&path, imports_module(&text)).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// From the module's text form, in which an import is ` (import "MODULE" "NAME" ...`.
fn imports_module(text: &str) -> String {
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("(import \"./glue_bg.js\" \"")?.split('"').next())
        .collect();
    let names = names.join(", ");
    format!("import {{ {names} }} from 'slowtax-glue';\nexport default {{ './glue_bg.js': {{ {names} }} }};\n")
}

fn bundle_core(workspace: &Workspace, glue: &Path, imports: &Path, scratch: &Path) -> Result<PathBuf> {
    let out = scratch.join("core.bundled.js");
    esbuild(workspace)
        .arg("beacon-wasm/js/core.js")
        .args(["--format=esm"])
        .arg(format!("--alias:slowtax-glue={}", glue.display()))
        .arg(format!("--alias:slowtax-imports={}", imports.display()))
        .arg(format!("--outfile={}", out.display()))
        .run(&workspace.stop)?;
    Ok(out)
}

fn bundle_stub(workspace: &Workspace, core_name: &str, staged: &Path) -> Result<()> {
    esbuild(workspace)
        .arg("beacon-wasm/js/stub.js")
        .args(["--format=iife"])
        .arg(format!("--define:__CORE__=\"{core_name}\""))
        .arg(format!("--outfile={}", staged.join("slowtax.js").display()))
        .run(&workspace.stop)
}

fn esbuild(workspace: &Workspace) -> crate::command::Program {
    let common = ["--bundle", "--minify", "--legal-comments=none", "--log-level=warning", "--charset=utf8", ECMASCRIPT];
    workspace.npm_program("beacon", "esbuild", LIMIT).args(common)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_imports_of_a_module_are_found_in_its_text() {
        let text = "(module\n (type $0 (func))\n (import \"./glue_bg.js\" \"__wbg_a_1\" (func $a (param i32)))\n \
                    (import \"./glue_bg.js\" \"__wbg_b_2\" (func $b))\n (export \"import\" (func $b))\n)";
        assert_eq!(
            imports_module(text),
            "import { __wbg_a_1, __wbg_b_2 } from 'slowtax-glue';\n\
             export default { './glue_bg.js': { __wbg_a_1, __wbg_b_2 } };\n"
        );
    }
}

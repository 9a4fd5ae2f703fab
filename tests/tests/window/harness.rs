//! The driver itself: what the other tests rely on, tried on a page that this test writes.

use serde_json::json;

use crate::window::{Window, scratch_home, within};

const PAGE: &str = r#"
<input id="field" aria-label="Field">
<button aria-label="Add">+</button>
<p id="said"></p>
"#;

const BEHAVIOUR: &str = r#"
const said = document.getElementById("said");
document.querySelector("button").addEventListener("click", () => { said.textContent += " clicked"; });
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey && event.shiftKey && event.code === "KeyF") said.textContent += " chord";
  if (event.key === "Escape") said.remove();
});
"#;

#[tokio::test]
async fn clicks_keys_and_text_arrive() -> anyhow::Result<()> {
    within(async {
        let home = scratch_home()?;
        let window = Window::open(home.path(), &[]).await?;
        window.execute_with("document.body.innerHTML = arguments[0]", vec![json!(PAGE)]).await?;
        window.execute(BEHAVIOUR).await?;

        window.click_named("Add").await?;
        window.click("button").await?;
        window.wait_text("#said", "clicked clicked").await?;
        window.type_keys("#field", "Grüße, ").await?;
        window.type_here("世界").await?;
        let value = window.execute("return document.getElementById('field').value").await?;
        assert_eq!(value, json!("Grüße, 世界"));
        window.press("Ctrl+Shift+F").await?;
        window.wait_text("#said", "chord").await?;
        assert_eq!(window.count("#said").await?, 1);
        window.press("Escape").await?;
        window.wait_gone("#said").await?;
        window.kill().await
    })
    .await
}

/// Another program on the machine must not learn what the page may not send: the policy holds in the real window.
#[tokio::test]
async fn the_page_cannot_run_foreign_code_or_reach_the_network() -> anyhow::Result<()> {
    within(async {
        let home = scratch_home()?;
        let window = Window::open(home.path(), &[]).await?;
        window
            .execute(
                "window.refused = [];
                 document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
                 const script = document.createElement('script');
                 script.textContent = 'window.ran = true';
                 document.body.append(script);
                 const picture = new Image();
                 picture.src = 'http://127.0.0.1:9/picture.png';
                 fetch('http://127.0.0.1:9/').catch(() => undefined);",
            )
            .await?;
        for directive in ["script-src-elem", "img-src", "connect-src"] {
            let script = "return refused.includes(arguments[0])";
            window
                .until(&format!("{directive} is refused"), async || {
                    window.execute_with(script, vec![json!(directive)]).await
                })
                .await?;
        }
        assert_eq!(window.execute("return window.ran === undefined").await?, json!(true));
        window.close().await
    })
    .await
}

//! A browser without a window, driven by chromedriver.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use thirtyfour::{
    CapabilitiesHelper, ChromiumLikeCapabilities, DesiredCapabilities, Key, LoggingPrefsLogLevel,
    WebDriver,
};

use crate::ServerProcess;

/// A running Chromium. It is closed at the end of [`Browser::run`].
#[derive(Debug)]
pub struct Browser {
    driver: WebDriver,
    _chromedriver: ServerProcess,
}

/// The colour scheme that the system prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Dark text on a light background.
    Light,
    /// Light text on a dark background.
    Dark,
}

impl Browser {
    /// Runs a function with a browser, which is closed afterwards, whether or not the function succeeds.
    ///
    /// # Errors
    /// Returns an error if `chromedriver` or `chromium` is missing or does not start, and the errors of the
    /// function.
    pub async fn run(body: impl AsyncFnOnce(&Self) -> Result<()>) -> Result<()> {
        let browser = Self::start().await.context("the browser does not start")?;
        let done = body(&browser).await;
        // Killing only chromedriver would leave the browser running.
        let ended = browser.driver.clone().quit().await;
        done.and(ended.context("the browser does not end"))
    }

    async fn start() -> Result<Self> {
        let chromedriver =
            ServerProcess::start(Path::new("chromedriver"), "/status", |address, _| {
                Ok(vec![format!("--port={}", address.port())])
            })
            .await
            .context("`cargo xtask test` gets chromedriver")?;
        let mut wanted = DesiredCapabilities::chrome();
        for argument in [
            "--headless=new",
            "--hide-scrollbars",
            // This is required in a container, and as root.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            // The browser's own requests must not look like requests of the page.
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
        ] {
            wanted.add_arg(argument)?;
        }
        wanted.set_logging_prefs("browser", LoggingPrefsLogLevel::All)?;
        wanted.set_logging_prefs("performance", LoggingPrefsLogLevel::All)?;
        wanted.accept_insecure_certs(false)?;
        let driver = WebDriver::new(chromedriver.url(""), wanted).await?;
        Ok(Self { driver, _chromedriver: chromedriver })
    }

    /// Opens a page.
    ///
    /// # Errors
    /// Returns an error if it does not load.
    pub async fn open(&self, url: &str) -> Result<()> {
        Ok(self.driver.goto(url).await?)
    }

    /// Sets the size of the window, in CSS pixels, and the colour scheme that the system prefers.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn look(&self, width: u32, height: u32, scheme: Scheme) -> Result<()> {
        let cdp = self.driver.cdp();
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        cdp.send_raw("Emulation.setDeviceMetricsOverride", metrics).await?;
        let value = if scheme == Scheme::Dark { "dark" } else { "light" };
        let feature = json!({ "name": "prefers-color-scheme", "value": value });
        cdp.send_raw("Emulation.setEmulatedMedia", json!({ "features": [feature] })).await?;
        Ok(())
    }

    /// Runs a script in the page, and returns its result. The script is the body of a function.
    ///
    /// # Errors
    /// Returns an error if the script throws.
    pub async fn script(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        let result = self.driver.execute(script, arguments.to_vec()).await;
        Ok(result.with_context(|| format!("the script failed: {script}"))?.json().clone())
    }

    /// Returns the visible text of the first element that matches, if there is one.
    ///
    /// # Errors
    /// Returns an error if the selector is not valid.
    pub async fn text(&self, selector: &str) -> Result<Option<String>> {
        let script = "return document.querySelector(arguments[0])?.innerText ?? null";
        let text = self.script(script, &[json!(selector)]).await?;
        Ok(text.as_str().map(ToOwned::to_owned))
    }

    /// Presses a key in the element with the focus.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn press(&self, key: Key) -> Result<()> {
        Ok(self.driver.active_element().await?.send_keys(key).await?)
    }

    /// Types a text into the element with the focus.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn write(&self, text: &str) -> Result<()> {
        Ok(self.driver.active_element().await?.send_keys(text).await?)
    }

    /// Saves a picture of the window as a PNG in `target/live-page/`.
    ///
    /// # Errors
    /// Returns an error if the browser returns no picture, or if the file can't be written.
    pub async fn screenshot(&self, name: &str) -> Result<PathBuf> {
        let png = self.driver.screenshot_as_png().await?;
        let profile = std::env::current_exe()?;
        let target = profile.ancestors().nth(3).context("the test is not in a target folder")?;
        let folder = target.join("live-page");
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(name).with_extension("png");
        std::fs::write(&path, png)?;
        Ok(path)
    }

    /// Returns the warnings and errors in the console since the last call, including violations of the
    /// content security policy.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        let log = self.driver.get_log("browser").await?;
        let log = log.into_iter().map(|entry| format!("{:?}: {}", entry.level, entry.message));
        Ok(log.filter(|line| line.contains("Severe") || line.contains("Warning")).collect())
    }

    /// Returns the URLs that were requested since the last call.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn requests(&self) -> Result<Vec<String>> {
        let mut urls = Vec::new();
        for entry in self.driver.get_log("performance").await? {
            let entry: Value = serde_json::from_str(&entry.message)?;
            let message = &entry["message"];
            if message["method"] == "Network.requestWillBeSent" {
                let url = message["params"]["request"]["url"].as_str();
                urls.push(url.context("a request has a URL")?.to_owned());
            }
        }
        Ok(urls)
    }

    /// Checks that the console has no warnings or errors, and that only this origin received requests.
    ///
    /// # Errors
    /// Returns an error if this is not the case.
    pub async fn ensure_clean(&self, origin: &str) -> Result<()> {
        let complaints = self.complaints().await?;
        ensure!(complaints.is_empty(), "the console says: {complaints:#?}");
        let requests = self.requests().await?;
        ensure!(!requests.is_empty(), "the browser's log of requests is empty");
        let own = |url: &&String| !url.starts_with(origin) && !url.starts_with("data:,");
        let foreign: Vec<_> = requests.iter().filter(own).collect();
        ensure!(foreign.is_empty(), "other hosts were asked: {foreign:#?}");
        Ok(())
    }
}

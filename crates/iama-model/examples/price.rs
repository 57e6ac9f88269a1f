//! Prices usages: one JSON object a line with provider, model and usage; one number of picodollars a line.

use std::io::{BufRead as _, stdin};

use iama_model::{Usage, prices};
use serde::Deserialize;

#[derive(Deserialize)]
struct Asked {
    provider: String,
    model: String,
    usage: Usage,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in stdin().lock().lines() {
        let asked: Asked = serde_json::from_str(&line?)?;
        let model = prices::known(&asked.provider, &asked.model).ok_or("a model without a price")?;
        println!("{}", model.cost(&asked.usage).picodollars);
    }
    Ok(())
}

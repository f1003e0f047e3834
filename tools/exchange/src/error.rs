//! What the exchange answers when it refuses: HTTP status, code and text.

use core::fmt;

use model::Amount;

/// A refusal as it goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// HTTP status.
    pub http: u16,
    /// Code of the body.
    pub code: i32,
    /// Text of the body.
    pub msg: String,
    /// `Retry-After`, seconds.
    pub retry_after_s: Option<u64>,
}

impl ApiError {
    pub(crate) fn new(http: u16, code: i32, msg: impl Into<String>) -> Self {
        Self { http, code, msg: msg.into(), retry_after_s: None }
    }

    pub(crate) fn bad(code: i32, msg: impl Into<String>) -> Self {
        Self::new(400, code, msg)
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        Self::bad(44444, format!("parameter {parameter} is missing"))
    }

    pub(crate) fn wrong(parameter: &str) -> Self {
        Self::bad(33333, format!("parameter {parameter} is wrong"))
    }

    pub(crate) fn bad_symbol() -> Self {
        Self::bad(10007, "bad symbol")
    }

    pub(crate) fn not_for_api() -> Self {
        Self::bad(10007, "symbol not support api")
    }

    pub(crate) fn not_open() -> Self {
        Self::bad(30001, "current order direction is not allowed")
    }

    /// The colon is full width, as recorded.
    pub(crate) fn below_minimum(limit: Amount, quote: &str) -> Self {
        let msg = format!("The minimum transaction volume cannot be less than：{limit}{quote}");
        Self::bad(30002, msg)
    }

    pub(crate) fn above_maximum(limit: Amount, quote: &str) -> Self {
        let msg = format!("The maximum transaction volume cannot be greater than：{limit}{quote}");
        Self::bad(30003, msg)
    }

    pub(crate) fn insufficient(code: i32) -> Self {
        Self::bad(code, "Insufficient position")
    }

    pub(crate) fn too_fine(code: i32, parameter: &str) -> Self {
        Self::bad(code, format!("{parameter} has too many decimals"))
    }

    /// The same refusal with the text in Chinese, where one is known; figures stay as they are.
    pub(crate) fn in_chinese(mut self) -> Self {
        let known = [
            (10101, "Insufficient position", "资金不足"),
            (30004, "Insufficient position", "持仓不足"),
            (30002, "The minimum transaction volume cannot be less than：", "最小交易额不能小于："),
            (30010, "Order price cannot exceed ", "委托价格不能超过"),
        ];
        if let Some((_, english, chinese)) = known.iter().find(|(code, ..)| *code == self.code) {
            self.msg = self.msg.replace(english, chinese);
        }
        self
    }

    pub(crate) fn too_many(retry_after_s: u64) -> Self {
        let mut error = Self::new(429, 429, "Too Many Requests");
        error.retry_after_s = Some(retry_after_s);
        error
    }

    pub(crate) fn banned(retry_after_s: u64) -> Self {
        let mut error = Self::new(418, 418, "banned for too many requests");
        error.retry_after_s = Some(retry_after_s);
        error
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {} code {}: {}", self.http, self.code, self.msg)
    }
}

impl core::error::Error for ApiError {}

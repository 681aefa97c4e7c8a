//! The servers of a run: that of the messages, and, if they are elsewhere, that of the documents.

use std::time::Duration;

use crate::server::Server;

/// The servers of a run.
pub struct Servers {
    messages: Server,
    documents: Option<Server>,
    restarts: u32,
}

impl Servers {
    /// These.
    pub fn new(messages: Server, documents: Option<Server>) -> Self {
        Self { messages, documents, restarts: 0 }
    }

    /// That of the messages.
    pub fn messages(&self) -> &Server {
        &self.messages
    }

    /// That of the documents, if it is another.
    pub fn documents(&self) -> Option<&Server> {
        self.documents.as_ref()
    }

    /// Kills one of them, and starts it again when it was gone for so long: where there are
    /// two, that of the documents first, and then in turn.
    ///
    /// # Errors
    ///
    /// When its guardian is gone.
    pub fn restart(&mut self, gone: Duration) -> anyhow::Result<()> {
        let is_turn = self.restarts.is_multiple_of(2);
        self.restarts += 1;
        match &mut self.documents {
            // What is in memory does not come back.
            Some(documents) if is_turn && documents.keeps_what_it_has() => documents.restart(gone),
            _ => self.messages.restart(gone),
        }
    }

    /// Whether one was killed, and is not yet back.
    ///
    /// # Errors
    ///
    /// When it does not come back; the sentence says why.
    pub fn is_one_away(&mut self) -> anyhow::Result<bool> {
        let mut is_away = self.messages.is_away()?;
        if let Some(documents) = &mut self.documents {
            is_away |= documents.is_away()?;
        }
        Ok(is_away)
    }

    /// Whether they are still there.
    ///
    /// # Errors
    ///
    /// When one of them is not.
    pub fn check(&mut self) -> anyhow::Result<()> {
        self.messages.check()?;
        self.documents.as_mut().map_or(Ok(()), Server::check)
    }

    /// Why something has failed. If a server has ended, it is that.
    pub async fn why(&mut self, error: anyhow::Error) -> anyhow::Error {
        /// A guardian needs a moment to see it.
        const MOMENT: Duration = Duration::from_millis(300);
        tokio::time::sleep(MOMENT).await;
        self.check().err().unwrap_or(error)
    }
}

//! Frames of the spot WebSocket.

"""Proof from outside: tokens of OpenID Connect providers and assertions of SAML identity providers."""

"""Receipts of donations (捐赠收据): issuing, reading, printing, archives."""

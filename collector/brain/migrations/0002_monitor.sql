-- Configuration items: relations, classes, the identity ledger.

-- Probes, thresholds and availability.

-- Incidents: the whole record; maintenance windows.

-- Vantage points, storms, receipts.

-- Telling: channels, rates, digests.

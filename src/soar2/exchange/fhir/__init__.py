"""The FHIR R4 door: reports by HTTP into the same inbox, read to the same values as by HL7 v2."""

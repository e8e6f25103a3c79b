class Billing {}
